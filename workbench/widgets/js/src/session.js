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

/** How often a page asks that asks nothing else. */
const LOOK_MS = 30_000;

/** Leave once the session has ended: what shows people does not stay on the screen. */
export function leaveWithSession() {
  setTimeout(async () => {
    if (await hasSessionEnded()) leaveForLogin(false);
    else leaveWithSession();
  }, LOOK_MS);
}

/** @param {boolean} isKept whether something is kept that is saved at the next visit */
export function leaveForLogin(isKept) {
  const next = encodeURIComponent(location.pathname + location.search);
  location.replace(`/login?next=${next}&ended=${isKept ? "kept" : "1"}`);
}
