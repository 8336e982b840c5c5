@integration
Feature: Retries help the client and never multiply the load

  @CLU-015 @CLU-036 @GATE-004 @P1 @topology.two_hives
  Scenario Outline: One SDK call costs few attempts, each at another worker after a longer pause
    Given a worker worker-fourth of model-shared serves on hive-1
    And worker-fourth is routable within the convergence time
    When the SDK requests a chat from model-shared <error>
    Then every request was refused with status <status> and code simulated_fault, with a Retry-After header
    And the SDK raises <exception>, after 1 call and at most 4 upstream requests
    And the gateway tried 3 workers for every request, each after a longer pause

    Examples:
      | error                     | status | exception           |
      | simulating a 503 response | 503    | InternalServerError |
      | simulating a 429 response | 429    | RateLimitError      |

  @CLU-015 @P1 @topology.two_hives
  Scenario: Concurrent requests are tried again at workers that have not refused them
    When clients send 20 concurrent chats for model-shared, simulating a 503 response
    Then every request was refused with status 503 and code simulated_fault, with a Retry-After header
    And the gateway tried 3 workers for every request, each after a longer pause

  @CLU-036 @P1 @topology.small_retry_budget
  Scenario: The retry budget limits the retries of all requests together
    When clients send a batch of 30 concurrent chats for model-a, simulating a 503 response
    Then every request of the batch was refused with status 503 and code simulated_fault, after 33 to 36 upstream requests
