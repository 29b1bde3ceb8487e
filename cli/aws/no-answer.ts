const NETWORK_ERRORS = /did not answer|ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|EHOSTUNREACH|ENETUNREACH|ETIMEDOUT/;

/** Returns what to do where no service answered; undefined if the error says something else. */
export function wayOutOfNoAnswer({ message, code = '' }: Error & { readonly code?: unknown }): string | undefined {
  return NETWORK_ERRORS.test(`${message} ${String(code)}`)
    ? 'look whether the Region exists, and whether this machine reaches it directly: this command uses no proxy, also where HTTPS_PROXY names one' : undefined;
}
