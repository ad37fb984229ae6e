export { commandLineDataSource } from './src/storage/command-line.js';
