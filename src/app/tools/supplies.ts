import type { ToolNetwork } from "../../sandbox/net/tool-network.ts";
import type { ToolPackages } from "../../sandbox/packages/tool-packages.ts";
import type { Settings } from "../command/settings.ts";
import { openNetworkOfTools } from "./network.ts";
import { openPackagesOfTools } from "./packages.ts";

/** What jails are given for the tools in them. */
export interface ToolSupplies {
  readonly network: ToolNetwork;
  readonly packages: ToolPackages;
  close(): Promise<void>;
}

/** Opens what jails are given, as the settings say. Nothing is connected or installed yet. */
export function openToolSupplies(settings: Settings): ToolSupplies {
  const network = openNetworkOfTools(settings);
  return { network, packages: openPackagesOfTools(settings), close: () => network.close() };
}
