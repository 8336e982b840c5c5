@integration @topology.default
Feature: What passes through the gateway stays as it is

  @GATE-013 @P1
  Scenario Outline: A request arrives to the byte, with every header, and the answer comes back as it was said
    When a client sends <path> for model-b what no gateway knows
    Then every client was answered
    And every request arrived byte for byte, and every answer as its worker said it

    Examples:
      | path                 |
      | /v1/chat/completions |
      | /v1/completions      |
      | /v1/embeddings       |
      | /v1/rerank           |

  @GATE-013 @P1
  Scenario: So does a stream
    When a client streams from model-b what no gateway knows
    Then every client was answered
    And every request arrived byte for byte, and every answer as its worker said it

  @GATE-013 @P1 @topology.attached
  Scenario Outline: Odd things a worker does reach the client as they are
    When a client gets <oddity> from model-a, and one from worker-1 itself
    Then they see the same

    Examples:
      | oddity                   |
      | nothing odd              |
      | a chunk that is no JSON  |
      | an error event           |
      | a wrong content type     |
      | no usage                 |
      | two end markers          |
      | a chunk of 2 megabytes   |
      | a refusal of the request |
