/** A service of AWS in front of an endpoint, for which requests are signed. */
export interface Signing {
  readonly service: SigningService;
  readonly region: string;
  readonly profile?: string;
}

export const SIGNING_SERVICES = ['lambda', 'execute-api'] as const;
export type SigningService = (typeof SIGNING_SERVICES)[number];

/** An endpoint that serves models. */
export interface Endpoint {
  /** Address, without a slash at the end. */
  readonly url: string;
  /** Name of the model. The page asks for it when absent. */
  readonly model?: string;
  /** Undefined if its requests are not signed. */
  readonly signing?: Signing;
}

/** Returns the service and the Region that sign requests to a host, by the names that AWS gives function URLs and APIs; undefined for others. */
export function serviceOfHost(host: string): { service: SigningService; region: string } | undefined {
  const [, kind, region] = /^[^.]+\.(lambda-url|execute-api)\.([a-z0-9-]+)\.(?:on\.aws|amazonaws\.com)/.exec(host) ?? [];
  return kind === undefined ? undefined : { service: kind === 'lambda-url' ? 'lambda' : 'execute-api', region };
}

/** Returns the endpoint that serves the page at this address itself, with `explorer`; undefined for the address of a proxy. */
export function endpointOfPage(address: URL): Endpoint | undefined {
  return address.pathname.endsWith('/explorer') ? splitAddress(address) : undefined;
}

/** Splits the address of a model, or of what is below it, into that of its endpoint and its name. */
export function splitAddress({ origin, pathname }: URL): { url: string; model?: string } {
  const [, base, model] = /^(.*?)\/v[12]\/models\/([^/:]+)(?:[/:].*)?$/.exec(pathname) ?? [];
  return { url: `${origin}${(base ?? pathname).replace(/\/+$/, '')}`, ...model === undefined ? {} : { model: decodeURIComponent(model) } };
}
