import type { NewWebhook } from "../../api/types";

export type EventType = NonNullable<NewWebhook["events"]>[number];

/** All that a webhook can be told of. */
export const EVENTS: readonly EventType[] = [
  "tier.changed", "points.expiring", "points.expired", "balance.adjusted",
  "redemption.requested", "redemption.reserved", "redemption.confirmed", "redemption.cancelled", "redemption.lapsed",
  "signal.raised", "signal.released", "signal.taken", "signal.voided", "prize.changed",
];
