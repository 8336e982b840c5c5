@integration @topology.multi_tenant
Feature: Every error is one that clients understand, and makes them do the right thing

  @CHAT-026 @CHAT-027 @CHAT-028 @CHAT-029 @GATE-010 @GATE-017 @P1
  Scenario Outline: What is wrong with a request is said in an exception of its own, at once
    When a developer asks model-a with <trouble>
    Then every client is refused with status <status> and code <code>
    And <exception> is raised, with no request to any worker

    Examples:
      | trouble                  | status | code              | exception             |
      | a temperature of 3       | 400    | invalid_request   | BadRequestError       |
      | a wrong key              | 401    | invalid_api_key   | AuthenticationError   |
      | a key for other models   | 403    | model_not_allowed | PermissionDeniedError |
      | a prompt of 17 megabytes | 413    | request_too_large | APIStatusError        |

  @CHAT-030 @CHAT-031 @CHAT-032 @CHAT-033 @GATE-010 @GATE-017 @P1
  Scenario Outline: When the gateway has tried all it could, the client does not begin anew
    When a developer asks <model> with <trouble>
    Then every client is refused with status <status> and code <code>
    And <exception> is raised, after <calls> calls and at most <hits> requests to workers

    Examples:
      | model          | trouble                           | status | code                  | exception           | calls | hits |
      | model-a        | workers that are full             | 429    | simulated_fault       | RateLimitError      | 1     | 2    |
      | model-a        | workers that reset the connection | 502    | upstream_disconnected | InternalServerError | 1     | 4    |
      | model-a        | workers that answer 503           | 503    | simulated_fault       | InternalServerError | 1     | 2    |
      | model-b        | a worker that hangs               | 504    | upstream_timeout      | InternalServerError | 1     | 1    |

  @CHAT-032 @P1
  Scenario: Without a worker, a client is told to come back
    When a developer asks model-declared with no worker, and no retry
    Then every client is refused with status 503 and code no_available_workers, and told when to come back
    And InternalServerError is raised, with no request to any worker

  @CHAT-030 @GATE-017 @P1
  Scenario: A client that was told when to come back does so
    When a developer asks model-b with one worker that is full, and one retry
    Then every client is refused with status 429 and code simulated_fault, and told when to come back
    And RateLimitError is raised, after 2 calls and at most 2 requests to workers

  @CHAT-034 @P1
  Scenario Outline: A worker's 408 or 409, which clients would repeat for ever, does not come through
    When a developer asks model-b with <trouble>
    Then every client is refused with status <status> and code <code>
    And InternalServerError is raised, after 1 calls and at most 1 requests to workers

    Examples:
      | trouble                 | status | code                    |
      | workers that answer 408 | 504    | upstream_timeout        |
      | workers that answer 409 | 502    | upstream_protocol_error |
