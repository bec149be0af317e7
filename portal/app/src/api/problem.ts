// What went wrong, as the API says it (RFC 9457), or why there was no answer at all.

/** A field at fault. */
export interface FieldError {
  /** A JSON pointer into the body that was sent. */
  pointer: string;
  detail: string;
  line?: number;
  column?: number;
  expected?: unknown;
  given?: unknown;
}

interface ProblemShape {
  title?: string;
  status?: number;
  code?: string;
  detail?: string;
  instance?: string;
  errors?: FieldError[];
}

/** A request that was refused, or failed. */
export class Problem extends Error {
  /** The stable name, such as `stale`; `unreachable` where nobody answered. */
  readonly code: string;
  /** The status, or 0 where nobody answered. */
  readonly status: number;
  readonly title: string;
  readonly detail: string;
  /** The id of the request, by which the node's log knows it. */
  readonly request: string | null;
  readonly errors: readonly FieldError[];
  /** Seconds to wait before it is asked again. */
  readonly retryAfter: number | null;
  /** All that the problem has, such as `outcome`. */
  readonly more: Readonly<Record<string, unknown>>;

  constructor(status: number, shape: ProblemShape & Record<string, unknown>, retryAfter: number | null = null) {
    super(shape.detail ?? shape.title ?? shape.code ?? String(status));
    this.name = "Problem";
    this.status = status;
    this.code = shape.code ?? (status === 0 ? "unreachable" : "failed");
    this.title = shape.title ?? "";
    this.detail = shape.detail ?? "";
    this.request = shape.instance?.replace("urn:accolade:request:", "") ?? null;
    this.errors = shape.errors ?? [];
    this.retryAfter = retryAfter;
    this.more = shape;
  }

  /** What is wrong with the field at `pointer` (`/wagerAmount`), or below it. */
  at(pointer: string): string | undefined {
    const found = this.errors.filter((error) => error.pointer === pointer || error.pointer.startsWith(`${pointer}/`));
    return found.length > 0 ? found.map((error) => error.detail).join(" · ") : undefined;
  }

  /** Whether the same again, a little later, may help. */
  get isPassing(): boolean {
    return this.status === 0 || this.status === 429 || this.status === 503;
  }
}

/** The problem that something thrown is. */
export function problemOf(thrown: unknown): Problem {
  if (thrown instanceof Problem) return thrown;
  return new Problem(0, { code: "broken", title: "", detail: thrown instanceof Error ? thrown.message : String(thrown) });
}
