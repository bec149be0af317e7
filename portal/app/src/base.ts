/** What stands before each path of the portal. */
export const BASE = "/portal";
