import { Hono } from "hono";

// Ponder does not start without one; /ready is its own.
export default new Hono();
