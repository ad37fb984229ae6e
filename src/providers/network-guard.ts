import { lookup as systemLookup } from 'node:dns';
import type { LookupAddress, LookupOptions } from 'node:dns';
import { BlockList, isIP } from 'node:net';
import type { LookupFunction } from 'node:net';

/**
 * Keeps outbound calls off the gateway's own network:
 * 1. `checkUrl` judges an address as written: scheme, credentials in it, names and numbers that are private in any spelling
 *    (the URL parser has already turned decimal, octal and hex forms into dotted ones).
 * 2. `guardedLookup` judges what a name resolves to at the moment of connecting, and hands exactly that to the socket:
 *    no second resolution can come between (DNS rebinding).
 * 3. Redirects are not followed by the client, so no third way is left.
 */
export class BlockedAddress extends Error {
  override readonly name = 'BlockedAddress';
  readonly code = 'BLOCKED_ADDRESS';
}

export interface NetworkRules {
  readonly allowPrivateNetwork: boolean;
}

/** What is wrong with an address that someone configured, fit to be shown; null where nothing is. */
export function checkUrl(url: string, rules: NetworkRules): string | null {
  if (!URL.canParse(url)) return 'is not a URL';
  const { protocol, hostname, username, password, hash } = new URL(url);
  if (protocol !== 'http:' && protocol !== 'https:') return 'must begin with https:// or http://';
  if (username !== '' || password !== '') return 'must not hold a user name or password';
  if (hash !== '') return 'must not hold a fragment';
  if (rules.allowPrivateNetwork) return null;
  return isPrivateHost(hostname) ? 'is an address of a private network; set allowPrivateNetwork to permit it' : null;
}

/** This machine, as a URL's host names it. */
export function isLoopback(hostname: string): boolean {
  const host = hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '');
  return host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host) || /(^|\.)localhost$/.test(host);
}

/**
 * Names that never leave the machine or its network (RFC 6761, RFC 6762, RFC 8375, and the clouds' metadata names), and those of one
 * label, which only a search list or a container's network resolves.
 */
const PRIVATE_NAME = /(^|\.)(localhost|local|internal|intranet|lan|home\.arpa|localdomain)$|^[^.]*$/;

function isPrivateHost(hostname: string): boolean {
  const host = hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '');
  return isIP(host) === 0 ? PRIVATE_NAME.test(host.toLowerCase()) : isPrivateAddress(host);
}

/** Everything that is not a public unicast address: IANA's special-purpose registries. */
const SPECIAL_IPV4 = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
] as const;

/** Below 2000::/3, where all public unicast addresses are: Teredo, ORCHID and benchmarking, documentation. */
const SPECIAL_IPV6 = [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['3fff::', 20],
] as const;

const blocked = new BlockList();
for (const [net, prefix] of SPECIAL_IPV4) blocked.addSubnet(net, prefix, 'ipv4');
for (const [net, prefix] of SPECIAL_IPV6) blocked.addSubnet(net, prefix, 'ipv6');
const publicIpv6 = new BlockList();
publicIpv6.addSubnet('2000::', 3, 'ipv6');

/** Whether an IP address is anything but public. IPv6 forms that carry an IPv4 address are judged by that. */
export function isPrivateAddress(address: string): boolean {
  const version = isIP(address);
  if (version === 4) return blocked.check(address, 'ipv4');
  if (version !== 6 || address.includes('%')) return true;
  const carried = carriedIpv4(address);
  if (carried !== null) return blocked.check(carried, 'ipv4');
  return !publicIpv6.check(address, 'ipv6') || blocked.check(address, 'ipv6');
}

/** The IPv4 address inside a mapped (::ffff:0:0/96), NAT64 (64:ff9b::/96) or 6to4 (2002::/16) address. */
function carriedIpv4(address: string): string | null {
  const groups = ipv6Groups(address);
  const head = groups
    .slice(0, 6)
    .map((group) => group.toString(16))
    .join(':');
  if (head === '0:0:0:0:0:ffff' || head === '64:ff9b:0:0:0:0') return dotted(groups[6], groups[7]);
  return groups[0] === 0x2002 ? dotted(groups[1], groups[2]) : null;
}

/** The eight groups; the URL parser first turns a dotted tail into two of them. */
function ipv6Groups(address: string): readonly number[] {
  const canonical = new URL(`http://[${address}]`).hostname.slice(1, -1);
  const [left = '', right] = canonical.split('::');
  const leading = left === '' ? [] : left.split(':');
  const trailing = right === undefined || right === '' ? [] : right.split(':');
  const zeros = Array.from({ length: 8 - leading.length - trailing.length }, () => '0');
  return [...leading, ...zeros, ...trailing].map((group) => Number.parseInt(group, 16));
}

function dotted(high = 0, low = 0): string {
  return [high >> 8, high & 255, low >> 8, low & 255].join('.');
}

export type LookupAll = (
  hostname: string,
  options: LookupOptions & { all: true },
  /** Without addresses where there is an error. */
  callback: (error: NodeJS.ErrnoException | null, addresses?: LookupAddress[]) => void,
) => void;

/** A resolver for `net.connect` that refuses a name as soon as one of its addresses is private. */
export function guardedLookup(resolve: LookupAll = systemLookup): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname, { ...options, all: true }, (error, addresses = []) => {
      const refusal = error ?? refuse(hostname, addresses);
      const [first] = addresses;
      if (refusal !== null || first === undefined) callback(refusal ?? new BlockedAddress(`${hostname} has no address`), '', 0);
      else if (options.all === true) callback(null, addresses);
      else callback(null, first.address, first.family);
    });
  };
}

/**
 * Whether a name is known here to lead to a private address. For those whom a proxy reaches: it resolves names itself, and what this
 * machine does not know is the proxy's to judge.
 */
export function leadsInside(hostname: string, resolve: LookupAll = systemLookup): Promise<boolean> {
  return new Promise((tell) => {
    resolve(hostname, { all: true }, (error, addresses = []) => tell(error === null && refuse(hostname, addresses) !== null));
  });
}

function refuse(hostname: string, addresses: readonly LookupAddress[]): BlockedAddress | null {
  const isPrivate = addresses.some(({ address }) => isPrivateAddress(address));
  return isPrivate ? new BlockedAddress(`${hostname} is an address of a private network`) : null;
}
