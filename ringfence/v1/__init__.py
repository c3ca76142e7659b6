"""The wire's messages, generated from protos/ringfence/v1 by ``make protos``."""
