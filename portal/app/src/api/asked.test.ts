import { render } from "@testing-library/svelte";
import { afterEach, expect, test, vi } from "vitest";
import { forget } from "./asked.svelte";
import AskedList from "./AskedList.test.svelte";


function pages(all: Record<string, { items: string[]; nextCursor: string | null } | number>) {
  const fetched = vi.fn(async (address: string) => {
    const cursor = new URL(address, "http://node").searchParams.get("cursor") ?? "";
    const found = all[cursor];
    return typeof found === "number" ? new Response("{}", { status: found }) : new Response(JSON.stringify(found));
  });
  vi.stubGlobal("fetch", fetched);
  return fetched;
}

afterEach(() => {
  forget();
  vi.unstubAllGlobals();
});

test("a list goes on from its cursor, and passes over pages that are empty", async () => {
  const fetched = pages({ "": { items: ["a"], nextCursor: "1" }, 1: { items: [], nextCursor: "2" }, 2: { items: ["b"], nextCursor: null } });
  const { findByText, getByRole, getByTestId } = render(AskedList, { path: "/signals" });
  await findByText("a");
  getByRole("button", { name: "more" }).click();
  await findByText("a b");
  expect(fetched).toHaveBeenCalledTimes(3);
  expect(getByTestId("more").textContent).toBe("false");
});

test("what could not be asked is said, and asked again from there", async () => {
  const answers = { "": { items: ["a"], nextCursor: "1" }, 1: 503 as number | { items: string[]; nextCursor: null } };
  pages(answers);
  const { findByText, getByRole } = render(AskedList, { path: "/signals" });
  await findByText("a");
  getByRole("button", { name: "more" }).click();
  await findByText("503");
  answers[1] = { items: ["b"], nextCursor: null };
  getByRole("button", { name: "more" }).click();
  await findByText("a b");
});

test("another list begins anew", async () => {
  pages({ "": { items: ["a"], nextCursor: null } });
  const { findByText, rerender } = render(AskedList, { path: "/signals" });
  await findByText("a");
  const fetched = pages({ "": { items: ["z"], nextCursor: null } });
  await rerender({ path: "/dead-letters" });
  await findByText("z");
  expect(fetched.mock.calls[0]?.[0]).toContain("/api/v1/dead-letters?");
});
