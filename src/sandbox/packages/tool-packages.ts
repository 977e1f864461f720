import type { OutsideCall } from "../../tools/runtime.ts";
import type { Tool } from "../../tools/tool.ts";
import { type NpmOptions, npmSet } from "./npm.ts";
import { type Asker, createPackageCache, type HeldPackages } from "./package-cache.ts";
import { type PipOptions, pipSet } from "./pip.ts";
import { npmRequirements, pipRequirements } from "./requirements.ts";

/** Where packages of tools come from, and where they are kept. */
export interface ToolPackagesOptions {
  /** A folder of its own that jails can reach; made when it is needed. */
  readonly directory: string;
  readonly pipIndexUrl: string | null;
  readonly npm: NpmOptions;
}

/** Packages of tools, installed when a tool that needs them is called first. */
export interface ToolPackages {
  /**
   * A folder for `sys.path`; null for a tool that needs none. Throws a Failure whose words are for the tool's answer, after
   * a while: an installation takes seconds to minutes, unless the asker's `signal` aborts before.
   */
  python(tool: PipTool, python: PipOptions["python"], asker: Asker): Promise<HeldPackages | null>;
  /** The same for JavaScript: a folder that holds `node_modules`. */
  javascript(tool: NpmTool, asker: Asker): Promise<HeldPackages | null>;
}

/** What of a tool says which packages it needs. */
type PipTool = Pick<Tool, "pipRequirements">;
type NpmTool = Pick<Tool, "npmRequirements">;

/** Organisations share what is installed, and wait for it apart. */
export function askerOf({ actor, signal }: Pick<OutsideCall, "actor" | "signal">): Asker {
  return { owner: actor.organizationId, signal };
}

/** Opens the folder of packages; nothing is installed yet. */
export function openToolPackages({ directory, pipIndexUrl, npm }: ToolPackagesOptions): ToolPackages {
  const cache = createPackageCache({ directory });
  return {
    async python(tool, python, asker) {
      const requirements = pipRequirements(tool.pipRequirements);
      const options = { python, indexUrl: pipIndexUrl, environment: npm.environment, check: npm.check };
      return requirements.length === 0 ? null : cache.hold(pipSet(requirements, options), asker);
    },
    async javascript(tool, asker) {
      const requirements = npmRequirements(tool.npmRequirements);
      return requirements.length === 0 ? null : cache.hold(npmSet(requirements, npm), asker);
    },
  };
}
