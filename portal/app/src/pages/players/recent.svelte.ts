// Players who were looked at in this session; kept in memory alone, for ids are about people.

import { session } from "../../session/session.svelte";

const MAX = 50;
let all = $state.raw<readonly string[]>([]);

session.onEnd(() => { all = []; });

export const recent = {
  get all() { return all; },
  add(playerId: string): void {
    if (all[0] !== playerId) all = [playerId, ...all.filter((one) => one !== playerId)].slice(0, MAX);
  },
};
