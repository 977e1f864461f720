import { reveals } from "../servers/providers.ts";
import type { Answer, ApiRequest, Network } from "../world/network.ts";
import type { Oracle } from "./oracle.ts";

/** What is wrong with the shape of an answer; nothing where it is as documented. */
export type CheckShape = (request: ApiRequest, status: number, body: unknown) => readonly string[];

/** The network, all of whose answers are looked at: none shows a key, each has the shape that is documented for it. */
export function watched(network: Network, oracle: Oracle, checkShape: CheckShape = () => []): Network {
  function look(request: ApiRequest, text: string): void {
    oracle.checked();
    if (reveals(text))
      oracle.fail("S16 secret", `${request.method} ${request.path} shows a key: ${text.slice(0, 300)}`);
    oracle.access.look(request, text);
  }

  function lookAtAnswer<T extends Answer | { readonly kind: string }>(request: ApiRequest, answer: T): T {
    if (answer.kind !== "answered" || !("body" in answer)) return answer;
    look(request, JSON.stringify(answer.body));
    const [problem] = checkShape(request, answer.status, answer.body);
    if (problem !== undefined) {
      const told = JSON.stringify(answer.body).slice(0, 300);
      oracle.fail("S17 shape", `${request.method} ${request.path} ${answer.status}: ${problem} in ${told}`);
    }
    return answer;
  }

  return {
    call: async (request) => lookAtAnswer(request, await network.call(request)),
    async stream(request, take, isEnough) {
      const taken = (line: string) => {
        look(request, line);
        take(line);
      };
      return lookAtAnswer(request, await network.stream(request, taken, isEnough));
    },
  };
}
