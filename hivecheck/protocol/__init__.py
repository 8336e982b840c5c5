"""One HTTP exchange on a socket: parsers, connections, the meaning of OpenAI chunks. Knows no history and judges no stack."""
