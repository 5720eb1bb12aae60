"""A gRPC server that says how it is, by the library of gRPC itself; the messages are few bytes."""

import sys
from concurrent import futures

import grpc

# What it says of each service: nothing, SERVING, NOT_SERVING, SERVICE_UNKNOWN.
SERVICES = {b"": 1, b"good": 1, b"bad": 2, b"odd": 3, b"mute": 0, b"x" * 300: 1}


def check(request, context):
    length = 2 if len(request) < 130 else 3
    status = SERVICES.get(request[length:])
    if status is None:
        context.abort(grpc.StatusCode.NOT_FOUND, "unknown service")
    return bytes([8, status]) if status else b""


server = grpc.server(futures.ThreadPoolExecutor(2))
methods = {"Check": grpc.unary_unary_rpc_method_handler(check)}
handler = grpc.method_handlers_generic_handler("grpc.health.v1.Health", methods)
server.add_generic_rpc_handlers((handler,))
if len(sys.argv) > 1:
    key, certificate = (open(name, "rb").read() for name in sys.argv[1:])
    port = server.add_secure_port("127.0.0.1:0", grpc.ssl_server_credentials([(key, certificate)]))
else:
    port = server.add_insecure_port("127.0.0.1:0")
server.start()
print("port", port, flush=True)
server.wait_for_termination()
