// What a control needs to know of the document that it is a part of.

import type { Mapping, Path, Value } from "./document";

export interface Form {
  readonly value: Mapping;
  set: (path: Path, value: Value) => void;
  remove: (path: Path) => void;
  move: (path: Path, index: number, to: number) => void;
  rename: (path: Path, name: string) => void;
  errorAt: (path: Path) => string | undefined;
}
