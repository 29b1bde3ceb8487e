import { createHash } from 'crypto';

/** Sources that the pages may load: those that the site itself serves, and WebAssembly for the model that a page runs. Nothing is sent anywhere else. */
const POLICY = {
  'default-src': ["'self'"],
  'script-src': ["'self'", "'wasm-unsafe-eval'"],
  // The colors of highlighted code are style attributes.
  'style-src': ["'self'", "'unsafe-inline'"],
  'img-src': ["'self'", 'data:', 'blob:'],
  'font-src': ["'self'", 'data:'],
  'connect-src': ["'self'"],
  'object-src': ["'none'"],
  'base-uri': ["'none'"],
  'form-action': ["'none'"],
};

/** Returns a page with a content security policy that allows, besides the site's own files, the scripts that stand in the page. Throws if it has no place. */
export function withPolicy(html: string): string {
  const inline = [...html.matchAll(/<script(?![^>]*\bsrc=)[^>]*>([^]*?)<\/script>/g)]
    .map(([, code]) => `'sha256-${createHash('sha256').update(code).digest('base64')}'`);
  const directives = { ...POLICY, 'script-src': [...POLICY['script-src'], ...new Set(inline)] };
  const policy = Object.entries(directives).map(([name, values]) => `${name} ${values.join(' ')}`).join('; ');
  const [before, ...after] = html.split(/(?<=<meta charset="utf-8">)/i);
  if (after.length !== 1) {
    throw new Error('a page must have <meta charset="utf-8"> once, which its content security policy follows');
  }
  return `${before}\n    <meta http-equiv="Content-Security-Policy" content="${policy}">${after[0]}`;
}
