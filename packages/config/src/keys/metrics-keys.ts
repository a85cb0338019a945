import { choice, flag, int, long, text } from '../key-spec';

/** Metrics export; broker and controller have the same keys. @source BrokerConfig, ControllerConfig, MetricsExporterType */
export const metricsKeys = {
  metricsExporterType: choice(['DISABLE', 'OTLP_GRPC', 'PROM', 'LOG'], 'DISABLE', {
    aliases: { '0': 'DISABLE', '1': 'OTLP_GRPC', '2': 'PROM', '3': 'LOG' },
    doc: 'where metrics go; also as a number from 0 to 3',
  }),
  metricsGrpcExporterTarget: text('', { doc: 'OTLP endpoint; https:// is put before it unless it begins with http' }),
  metricsGrpcExporterHeader: text('', { doc: 'headers for OTLP, as name:value,name:value', secret: true }),
  metricGrpcExporterTimeOutInMills: long(3000, { min: 1, unit: 'ms', doc: 'patience with the OTLP endpoint' }),
  metricGrpcExporterIntervalInMills: long(60000, { min: 1, unit: 'ms', doc: 'period of OTLP export' }),
  metricLoggingExporterIntervalInMills: long(10000, { min: 1, unit: 'ms', doc: 'period of export to the log' }),
  metricsPromExporterPort: int(5557, { min: 0, max: 65535, unit: 'port', doc: 'where Prometheus scrapes' }),
  metricsPromExporterHost: text('', { doc: 'address Prometheus scrapes; empty: all interfaces' }),
  metricsLabel: text('', { doc: 'labels added to every series, as name:value,name:value' }),
  metricsInDelta: flag(false, { doc: 'delta instead of cumulative temporality' }),
};
