import { memoryProblem, memoryUse, parseProcess, processes, servingMemory } from '../../scripts/load/memory';

const STATUS = 'Name:\tmodel_server\nPid:\t7\nPPid:\t5\nVmPeak:\t  900 kB\nVmRSS:\t  700 kB\n';

test('a process is read by its program, its parent and its resident memory', () => {
  expect(parseProcess(7, STATUS, '/srv/server/model_server\0--port=8500\0')).toEqual([{ pid: 7, parent: 5, program: 'model_server', kibibytes: 700 }]);
});

test('a thread of the kernel, and a process that has ended, has no memory and is left out', () => {
  expect(parseProcess(7, STATUS.replace(/VmRSS.*\n/, ''), '')).toEqual([]);
});

// Linux only: so is the embedded AWS.
(process.platform === 'linux' ? test : test.skip)('this process is among those of the machine', () => {
  expect(processes().find(({ pid }) => pid === process.pid)).toMatchObject({ parent: process.ppid, program: 'node' });
});

test('the programs that serve below the embedded AWS count, others and those of somebody else do not', () => {
  const all = [
    { pid: 1, parent: 0, program: 'init', kibibytes: 1 },
    { pid: 10, parent: 1, program: 'python', kibibytes: 1 },
    { pid: 11, parent: 10, program: 'python', kibibytes: 1 },
    { pid: 12, parent: 11, program: 'bootstrap', kibibytes: 300 },
    { pid: 13, parent: 10, program: 'model_server', kibibytes: 400 },
    { pid: 20, parent: 1, program: 'model_server', kibibytes: 500 },
  ];
  expect([...servingMemory(all, 10)]).toEqual([[12, 300], [13, 400]]);
});

describe('memory', () => {
  test('is that of the processes that lived all the time, without those of the version before', () => {
    const use = memoryUse(new Map([[1, 100], [2, 200], [3, 300]]), new Map([[2, 210], [3, 300], [4, 400]]), new Map([[3, 300]]));
    expect(use).toEqual({ processes: 1, first: 200, last: 210 });
  });

  test('may grow by a tenth', () => {
    expect(memoryProblem({ processes: 2, first: 102_400, last: 112_640 })).toBeUndefined();
    expect(memoryProblem({ processes: 2, first: 102_400, last: 113_664 })).toBe('the serving processes grew from 100.0 to 111.0 MiB, allowed are 10 %');
  });

  test('of no process is a problem, because nothing was measured', () => {
    expect(memoryProblem(memoryUse(new Map([[1, 100]]), new Map([[2, 100]]), new Map()))).toMatch(/^no serving process lived/);
  });
});
