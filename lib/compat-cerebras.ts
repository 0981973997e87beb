/** `millstream/compat/cerebras`: a service for answers of Cerebras, told to callbacks. */
export * from './compat/cerebras.js'
