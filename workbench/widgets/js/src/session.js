// Whether the person is still signed in, and the way to the page on which one signs in.

/** Ask the server; it is no use of the session. A server that cannot be reached has ended nothing. */
export async function hasSessionEnded() {
  try {
    // who is signed in is sent on from there
    const answer = await fetch("/login", { redirect: "manual", headers: { "X-Workbench-Poll": "1" } });
    return answer.status === 200;
  } catch {
    return false;
  }
}

/** @param {boolean} isKept whether something is kept that is saved at the next visit */
export function leaveForLogin(isKept) {
  const next = encodeURIComponent(location.pathname + location.search);
  location.replace(`/login?next=${next}&ended=${isKept ? "kept" : "1"}`);
}
