export default {
  // The package has a native addon, which no bundler can take in: Next.js then requires it at run time.
  serverExternalPackages: ['millstream'],
}
