export { mqadmin } from './commands';
