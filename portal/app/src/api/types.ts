// Names for what the API answers and takes: all of its schemas by their names, and parts of them that pages name.

import type { Cause, Entry, Redemption } from "./description";

export type * from "./description";
export type { Decimal } from "../format/decimal";

export type EntryKind = Entry["kind"];
export type CauseType = Cause["type"];
export type RedemptionState = Redemption["state"];
