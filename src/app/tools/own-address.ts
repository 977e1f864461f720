import { networkInterfaces } from "node:os";
import { type AddressBytes, parseAddress } from "../../core/address.ts";

/** Whether one of this machine's interfaces has the address. */
export function isHere(address: AddressBytes): boolean {
  const own = Object.values(networkInterfaces()).flatMap((found) => found ?? []);
  return own.some((one) => parseAddress(one.address)?.join() === address.join());
}
