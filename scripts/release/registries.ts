/** Registry of one language, with publib's settings. @see https://github.com/cdklabs/publib */
export interface Registry {
  readonly language: string;
  /** jsii-pacmak's target. */
  readonly target: string;
  readonly program: string;
  /** Alternatives, each a list of environment variables needed together. */
  readonly credentials: string[][];
  /** Variables for publib that are not secret. */
  readonly settings?: Record<string, string>;
}

/** npm comes first, because the other packages contain the npm package. */
export const REGISTRIES: Registry[] = [
  { language: 'TypeScript', target: 'js', program: 'publib-npm', credentials: [['NPM_TOKEN'], ['NPM_TRUSTED_PUBLISHER']] },
  { language: 'Python', target: 'python', program: 'publib-pypi', credentials: [['TWINE_USERNAME', 'TWINE_PASSWORD'], ['PYPI_TRUSTED_PUBLISHER']] },
  {
    language: 'Java',
    target: 'java',
    program: 'publib-maven',
    credentials: [['MAVEN_USERNAME', 'MAVEN_PASSWORD', 'MAVEN_GPG_PRIVATE_KEY', 'MAVEN_GPG_PRIVATE_KEY_PASSPHRASE']],
    settings: { MAVEN_SERVER_ID: 'central-ossrh' },
  },
  { language: 'Go', target: 'go', program: 'publib-golang', credentials: [['GITHUB_TOKEN'], ['GIT_USE_SSH']] },
];

/** Describes the credentials that are missing. */
export function missingCredentials(registry: Registry, environment: Record<string, string | undefined>): string[] {
  const complete = registry.credentials.some((names) => names.every((name) => environment[name]));
  return complete ? [] : [`${registry.program} needs ${registry.credentials.map((names) => names.join(' and ')).join(', or ')} in the environment`];
}
