// What a page says while it is made, and where it is not, in English.
export const WAITING_EN = {
  wait_title: "Opening the page",
  wait_how: "This takes a few seconds.",
  wait_failed: "The page did not open",
  wait_noAnswer: "Its program did not answer. Reload the page; if that does not help, tell the administrator.",
  wait_part: "A part of it failed ({what}). Reload the page; if that does not help, tell the administrator.",
  wait_stopped: "The server stopped while it made the page. Reload the page; if that does not help, tell the administrator.",
  back: "Back to the library",
  nothing_to_review: "Nothing to review here",
  nothing_to_compare: "Nothing to compare here",
  no_times: "No times to show here",
};
