@integration @topology.default
Feature: The gateway validates requests and forwards them unchanged

  @FULL-009 @P1
  Scenario Outline: The gateway refuses an invalid request and names the parameter, before any worker receives it
    When a client sends a chat with <defect>
    Then every request was refused with status 400 and code <code>, naming <param>
    And the workers received no request

    Examples:
      | defect                         | code            | param                 |
      | a body of invalid JSON         | invalid_json    | nothing               |
      | a body that is a list          | invalid_json    | nothing               |
      | no model                       | invalid_request | model                 |
      | a model that is a number       | invalid_request | model                 |
      | no messages                    | invalid_request | messages              |
      | an empty message list          | invalid_request | messages              |
      | an unknown role                | invalid_request | messages[0].role      |
      | a message without a role       | invalid_request | messages[1].role      |
      | a temperature of 2.1           | invalid_request | temperature           |
      | a token limit of 0             | invalid_request | max_tokens            |
      | a completion limit of 0        | invalid_request | max_completion_tokens |
      | a stream flag that is a string | invalid_request | stream                |

  @SVC-014 @P1
  Scenario Outline: Requests on every path of the API reach a worker of the model unchanged
    When a client sends <path> for model-b with unknown fields and headers
    Then every request was answered
    And every request was served by exactly one worker of its model
    And every request arrived with path, fields and headers unchanged

    Examples:
      | path                 |
      | /v1/chat/completions |
      | /v1/completions      |
      | /v1/embeddings       |
      | /v1/rerank           |
