import type { Duration } from 'aws-cdk-lib';

/** Web pages of other origins that may send REST requests and read the answers (cross-origin resource sharing, CORS). */
export interface CorsOptions {
  /**
   * Origins of the pages, as browsers send them, such as `https://www.example.com` or `http://localhost:3000`: a scheme, a host in lower case, and
   * a port unless it is the scheme's. `['*']` allows every page that a user of the network opens.
   *
   * From 1 to 100, of at most 253 characters each.
   */
  readonly allowedOrigins: string[];

  /**
   * Headers that the pages may send besides those that need no permission.
   *
   * @default ['content-type'], which JSON needs
   */
  readonly allowedHeaders?: string[];

  /**
   * Time for which browsers may keep the answer to a preflight request: from 0 to 86,400 seconds. Browsers may keep it for less.
   *
   * @default Duration.seconds(5)
   */
  readonly maxAge?: Duration;
}
