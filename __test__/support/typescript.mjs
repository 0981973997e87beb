// The compiler as a user's project has it.
import { createRequire } from 'node:module'

export const ts = createRequire(import.meta.url)('typescript')

export const compilerOptions = {
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.Node16,
  moduleResolution: ts.ModuleResolutionKind.Node16,
  lib: ['lib.es2023.d.ts', 'lib.dom.d.ts', 'lib.dom.asynciterable.d.ts'],
  types: ['node'],
  strict: true,
  skipLibCheck: true,
}

/** What is wrong with the modules of a folder, which are written to its `out`. */
export function compileFolder(folder, files, more = {}) {
  // The published examples read `error.message` in their catch clauses.
  const options = { ...compilerOptions, useUnknownInCatchVariables: false, outDir: `${folder}/out`, ...more }
  const program = ts.createProgram(files, options)
  const problems = ts
    .getPreEmitDiagnostics(program)
    .filter(({ file }) => file === undefined || file.fileName.startsWith(folder))
  return { program, problems }
}
