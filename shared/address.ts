import { isIP, isIPv4 } from 'node:net';
import { invalidField } from './errors.ts';

export interface Address {
  /** A host name, an IPv4 address, or an IPv6 address without brackets. */
  readonly host: string;
  readonly port: number;
}

export const addressShape = 'host:port, such as 127.0.0.1:7500, [::1]:7500 or control.example:7500';

const hostName = /^(?=.{1,253}$)[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*$/;

/** The parts of `host:port`, or undefined where the text is none. */
export function parseAddress(text: string): Address | undefined {
  const match = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text);
  if (match === null || Number(match[3]) > 65_535) return undefined;
  const port = Number(match[3]);
  if (match[1] !== undefined) return isIP(match[1]) === 6 ? { host: match[1], port } : undefined;
  const host = match[2] as string;
  const plausible = /^[\d.]+$/.test(host) ? isIPv4(host) : hostName.test(host);
  return plausible ? { host, port } : undefined;
}

export const formatAddress = ({ host, port }: Address): string => `${host.includes(':') ? `[${host}]` : host}:${port}`;

/** Whether only this host can reach the address: 127.0.0.0/8, ::1 or `localhost`. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.'));
}

/**
 * The address's parts. INVALID_FIELD, naming `field`, where it is no address or one that other hosts could reach: there is
 * no access control yet, so that whoever reaches a replica may run anything on every node.
 */
export function requireLoopback(field: string, address: string): Address {
  const parsed = parseAddress(address);
  if (parsed === undefined) throw invalidField(field, `${JSON.stringify(address)} is not ${addressShape}`);
  if (isLoopback(parsed.host)) return parsed;
  throw invalidField(
    field,
    `${address} can be reached from other hosts, and this version has no access control: whoever reaches the replica could ` +
      'run any command on every node. Use a loopback address (127.0.0.1, [::1] or localhost) and a tunnel such as ssh -L.',
  );
}
