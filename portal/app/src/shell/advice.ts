// What to do about a problem, by its code.

import type { Problem } from "../api/problem";
import { t } from "./texts";

/** A title in the reader's language, and what to do. */
export function advice(problem: Problem): { title: string; todo: string } {
  const title = problem.title || problem.code;
  switch (problem.code) {
    case "unreachable":
      return { title: t("problem.unreachable"), todo: t("problem.unreachable.todo") };
    case "broken":
      return { title: t("problem.broken"), todo: t("problem.broken.todo") };
    case "forbidden":
      return { title: t("problem.forbidden"), todo: t("problem.forbidden.todo") };
    case "not_found":
      return { title: t("problem.notFound"), todo: t("problem.notFound.todo") };
    case "stale":
      return { title: t("problem.stale"), todo: t("problem.stale.todo") };
    case "rate_limited":
    case "busy":
    case "stopping":
    case "elsewhere":
    case "identity_provider_away":
      return { title, todo: problem.retryAfter ? t("problem.wait", { count: problem.retryAfter }) : t("problem.waitABit") };
    case "uncertain":
      return { title, todo: t("problem.uncertain.todo") };
    case "operator_paused":
      return { title, todo: t("problem.paused.todo") };
    case "failed":
    case "audit_failed":
      return { title, todo: t("problem.failed.todo") };
    default:
      return { title, todo: problem.errors.length > 0 ? t("problem.fields.todo") : "" };
  }
}
