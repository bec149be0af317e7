import type { Reward } from "../../api/types";

/** Whether it can be redeemed now, only later, or not any more. */
export function stateOf(reward: Reward, now = Date.now()): "now" | "later" | "over" | "withdrawn" {
  if (reward.withdrawn) return "withdrawn";
  if (reward.from !== null && now < Date.parse(reward.from)) return "later";
  return reward.until !== null && now >= Date.parse(reward.until) ? "over" : "now";
}
