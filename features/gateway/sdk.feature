@integration @topology.multi_tenant
Feature: A real client, the openai package, works as it is

  @GATE-017 @P1
  Scenario: A chat
    When a developer calls /v1/chat/completions for model-a
    Then every answer is a full chat completion of the model that was asked for

  @GATE-017 @P1
  Scenario: A stream
    When a developer streams 20 tokens from model-a
    Then every stream is whole: each token once, in order, a finish reason and the end marker

  @GATE-017 @P1
  Scenario Outline: The other endpoints
    When a developer calls <path> for model-a
    Then every client was answered
    And no request was sent to a second worker

    Examples:
      | path            |
      | /v1/completions |
      | /v1/embeddings  |

  @GATE-017 @P1
  Scenario: The models
    Then a developer finds model-a in the list and by name

  @GATE-017 @P1
  Scenario: A conversation with tools
    When a developer goes on with model-a after a tool was called
    Then every answer is a full chat completion of the model that was asked for
    And every request was served as model-a, the rest of it unchanged

  @GATE-017 @P1
  Scenario: A question that only a tool can answer
    When a developer asks model-a what only a tool can tell
    Then every answer calls the tool weather
    And every request was served as model-a, the rest of it unchanged

  @GATE-017 @P1
  Scenario: A patience that ends: every call that was given up is given up by its worker, too
    When a developer asks model-b with a patience of 0.3 seconds, and one retry
    Then APITimeoutError is raised, after 2 calls and at most 2 requests to workers
    And no worker goes on with a request that its client has left

  @GATE-017 @P1
  Scenario: A stream that is closed early
    When a developer closes a stream from model-a after its first tokens
    Then no worker goes on with a request that its client has left
