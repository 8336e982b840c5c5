@integration
Feature: Trying again helps the client and never multiplies the load

  @CLU-015 @CLU-036 @GATE-004 @P1 @topology.single_slot
  Scenario Outline: One call of a client library costs a few attempts, each elsewhere and later
    When a developer asks model-shared with <trouble>
    Then every client is refused with status <status> and code simulated_fault, and told when to come back
    And <exception> is raised, after 1 calls and at most 4 requests to workers
    And the attempts of every request went to 3 workers, each after a longer pause

    Examples:
      | trouble                 | status | exception           |
      | workers that answer 503 | 503    | InternalServerError |
      | workers that are full   | 429    | RateLimitError      |

  @CLU-036 @P1 @topology.small_retry_budget
  Scenario: When everything fails, all requests together are tried again only as often as the budget allows
    When 30 chats at once for model-a meet an overloaded worker
    Then each of them was refused with status 503 and code simulated_fault, after 33 to 36 requests to workers
