// What to do about a problem, by its code.

import type { Problem } from "../api/problem";
import { type Known, KNOWN, t as problems } from "./problems/texts";
import { t } from "./texts";

/** A wait that is longer than somebody needs to read of it. */
const LONG_S = 5;

/** A title in the reader's language, and what to do. What the API itself says of it, in English, comes after both. */
export function advice(problem: Problem): { title: string; todo: string } {
  const code = KNOWN.find((one): one is Known => one === problem.code);
  if (!code) return { title: problem.title || problem.code, todo: problem.errors.length > 0 ? problems("invalid.todo") : "" };
  const wait = problem.retryAfter ?? 0;
  return { title: problems(code), todo: wait > LONG_S && problem.code === "rate_limited" ? t("problem.wait", { count: wait }) : problems(`${code}.todo`) };
}
