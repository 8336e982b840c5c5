@integration @topology.short_timeouts
Feature: Connections to workers are kept, used again, and no more than agreed

  @CLU-037 @P1
  Scenario: Requests one after the other share connections
    When 12 chats for model-c meet nothing out of the ordinary
    Then each of them was answered
    And they came to their worker over at most 4 connections

  @CLU-037 @P1
  Scenario: Beyond the limit a request waits for a connection, but not for ever, and that can be seen
    Given the connection wait count of the gateway is noted
    When 6 chats at once for model-b meet work of 0.1 seconds
    Then each of them was answered
    And no worker had more than 4 of them at once
    And 2 more requests have waited for a connection, 0 of them in vain
    When 6 chats at once for model-b meet work of 0.6 seconds
    Then 4 of them were answered, the others were refused with status 503 and code no_available_workers
    And 4 more requests have waited for a connection, 2 of them in vain

  @CLU-037 @GATE-011 @P1
  Scenario: A worker that ends an idle connection just as it is used again costs nobody anything
    When 12 chats for model-closing meet nothing out of the ordinary
    Then each of them was answered
    And each of them took one attempt
