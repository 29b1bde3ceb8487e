import { memoryProblem, memoryUse, servingMemory } from '../memory';

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
