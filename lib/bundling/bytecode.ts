import type { BundlePlan } from './bundle-plan';
import { runTool } from './host-tools';

/**
 * Returns the arguments that make Python compile a bundle.
 *
 * Unchecked, because the files' dates change on their way to Lambda: checked bytecode would be ignored there.
 */
export function compileArguments(root: string, plan: BundlePlan): string[] {
  const uncompiled = plan.selection?.uncompiled;
  return [
    '-S', '-s', '-P', '-m', 'compileall', '-q', '-f', '--invalidation-mode', 'unchecked-hash',
    '-s', root, '-p', plan.mountPath,
    ...(uncompiled ? ['-x', uncompiled] : []),
    root,
  ];
}

/** Without a fixed seed, constants that are sets get another order each time. */
export const COMPILE_ENVIRONMENT = { PYTHONHASHSEED: '0' };

/** Compiles a bundle with the function's own Python version. */
export function compileBytecode(python: string, root: string, plan: BundlePlan): void {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('PYTHON'));
  runTool([python, ...compileArguments(root, plan)], { environment: { ...Object.fromEntries(inherited), ...COMPILE_ENVIRONMENT } });
}
