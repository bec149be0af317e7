// What is tried on the past begins once more where the log does, if it does not go back so far.

/** What a simulation or a dry run says of that. */
export interface Run {
  state: string;
  from: string;
  logSince?: string | null;
}

/** Each partition may say once more from when on it has everything. */
const AGAIN_MAX = 64;

/** From when on to try it again, after so many times; `null` where there is nothing to be gained. */
export function againFrom({ state, from, logSince }: Run, times: number): string | null {
  return state === "failed" && logSince && logSince !== from && times < AGAIN_MAX ? logSince : null;
}
