import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type PriceTable, readPrices } from "../../access/price.ts";

/**
 * The table of prices in a data folder, which stands in for the one that is shipped; undefined where there is none. Throws
 * what `readPrices` throws, so that a server with a wrong one does not start.
 */
export function pricesIn(directory: string): PriceTable | undefined {
  const path = join(directory, "prices.json");
  return existsSync(path) ? readPrices(readFileSync(path, "utf8"), path) : undefined;
}
