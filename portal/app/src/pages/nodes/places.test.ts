import { expect, test } from "vitest";
import type { NodeStatus } from "../../api/types";
import { placesOf } from "./places";

const status = (partitionsHere: number[], standing: number[] = []): NodeStatus => ({
  version: "0.1.0", lagBytes: 0, idsInMemory: 0, players: 0, diskFull: false, clockStepped: false, fatal: null, behaviours: [4], partitionsHere,
  standing: standing.map((partition) => ({ message: "a panic", place: { partition, batch: 7, slot: 1, number: 0 } })),
});

test("each partition is at one node, stands where it does, and is nowhere while its node is silent", () => {
  const nodes = [
    { isThis: true, address: null, status: status([0, 2], [2]), error: null },
    { isThis: false, address: "10.0.0.2:9443", status: status([1]), error: null },
    { isThis: false, address: "10.0.0.3:9443", status: null, error: "timed out" },
  ];
  expect(placesOf({ partitions: 4, items: nodes })).toEqual([
    { number: 0, at: "", stands: false },
    { number: 1, at: "10.0.0.2:9443", stands: false },
    { number: 2, at: "", stands: true },
    { number: 3, at: null, stands: false },
  ]);
});
