@integration @topology.multi_tenant
Feature: Clients understand every error of the gateway and react correctly

  @CHAT-026 @CHAT-027 @CHAT-028 @CHAT-029 @GATE-010 @GATE-017 @P1
  Scenario Outline: The gateway rejects an invalid request at once, and the SDK raises the matching exception
    When the SDK requests a chat from model-a <error>
    Then every request was refused with status <status> and code <code>
    And the SDK raises <exception>, before any upstream request

    Examples:
      | error                               | status | code              | exception             |
      | with a temperature of 2.1           | 400    | invalid_request   | BadRequestError       |
      | with a key in upper case            | 401    | invalid_api_key   | AuthenticationError   |
      | with a malformed claim in its token | 401    | invalid_api_key   | AuthenticationError   |
      | with a key for other models         | 403    | model_not_allowed | PermissionDeniedError |
      | with a prompt of 17 MiB             | 413    | request_too_large | APIStatusError        |

  @CHAT-029 @P1
  Scenario: The gateway accepts a prompt just below the size limit
    When the SDK requests a chat from model-a with a prompt of 15 MiB
    Then every answer is a full chat completion of the requested model

  @CHAT-030 @CHAT-031 @CHAT-032 @CHAT-033 @GATE-010 @GATE-017 @P1
  Scenario Outline: The SDK does not retry a request that the gateway has already retried
    When the SDK requests a chat from <model> <error>
    Then every request was refused with status <status> and code <code>
    And the SDK raises <exception>, after <calls> calls and at most <hits> upstream requests

    Examples:
      | model   | error                             | status | code                  | exception           | calls | hits |
      | model-a | simulating a 429 response         | 429    | simulated_fault       | RateLimitError      | 1     | 2    |
      | model-a | simulating a connection reset     | 502    | upstream_disconnected | InternalServerError | 1     | 4    |
      | model-a | simulating a 503 response         | 503    | simulated_fault       | InternalServerError | 1     | 2    |
      | model-b | simulating a hang                 | 504    | upstream_timeout      | InternalServerError | 1     | 1    |
      | model-a | simulating a foreign 429 response | 429    | rate_limit_exceeded   | RateLimitError      | 1     | 2    |
      | model-a | simulating a foreign 502 response | 502    | upstream_disconnected | InternalServerError | 1     | 2    |
      | model-a | simulating a foreign 503 response | 503    | no_available_workers  | InternalServerError | 1     | 2    |
      | model-a | simulating a foreign 504 response | 504    | upstream_timeout      | InternalServerError | 1     | 2    |

  @CHAT-032 @P1
  Scenario: Without a worker the gateway sends a Retry-After header
    When the SDK requests a chat from model-declared without a retry
    Then every request was refused with status 503 and code no_available_workers, with a Retry-After header
    And the SDK raises InternalServerError, before any upstream request

  @CHAT-030 @GATE-017 @P1
  Scenario: The SDK retries a 429 response with a Retry-After header
    When the SDK requests a chat from model-b simulating a 429 response, with one retry
    Then every request was refused with status 429 and code simulated_fault, with a Retry-After header
    And the SDK raises RateLimitError, after 2 calls and at most 2 upstream requests

  @CHAT-034 @P1
  Scenario Outline: The gateway replaces a worker's 408 or 409, which the SDK would retry
    When the SDK requests a chat from model-b <error>
    Then every request was refused with status <status> and code <code>
    And the SDK raises InternalServerError, after 1 call and at most 1 upstream request

    Examples:
      | error                             | status | code                    |
      | simulating a 408 response         | 504    | upstream_timeout        |
      | simulating a 409 response         | 502    | upstream_protocol_error |
      | simulating a foreign 408 response | 504    | upstream_timeout        |
