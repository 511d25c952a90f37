import { afterEach, vi } from "vitest";

// Whoever stops the clock in a test need not start it again.
afterEach(() => void vi.useRealTimers());
