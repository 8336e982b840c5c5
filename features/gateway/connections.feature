@integration @topology.short_timeouts
Feature: The gateway keeps and reuses connections to workers, up to a limit

  @CLU-037 @P1
  Scenario: Sequential requests share connections
    When clients send a batch of 12 sequential chats for model-c
    Then every request of the batch was answered
    And the batch used at most 4 connections

  @CLU-037 @P1
  Scenario: Requests beyond the connection limit wait for a connection, and the metrics count them
    Given the connection wait count of the gateway is noted
    When clients send a batch of 6 concurrent chats for model-b, simulating 0.1 seconds of work
    Then every request of the batch was answered
    And no worker handled more than 4 requests of the batch at once
    And 2 more requests have waited for a connection, 0 of them in vain

  @CLU-037 @P1
  Scenario: Requests do not wait longer than the connection wait limit
    Given the connection wait count of the gateway is noted
    When clients send a batch of 6 concurrent chats for model-b, simulating 0.6 seconds of work
    Then the gateway answered 4 of the batch and refused the others with status 503 and code no_available_workers
    And 2 more requests have waited for a connection, 2 of them in vain

  @CLU-037 @P1
  Scenario: The connections of one worker leave those of other workers free
    Given a batch of 4 requests for model-a is streaming
    And the connection wait count of the gateway is noted
    When clients send 4 concurrent chats for model-b, simulating 0.1 seconds of work
    Then every request was answered, 4 in total
    And 0 more requests have waited for a connection, 0 of them in vain

  @CLU-037 @GATE-011 @P1
  Scenario: A worker that closes all its idle connections causes no failed request
    When clients send 12 chats for model-closing, simulating 0.1 seconds of work
    And clients send a batch of 4 sequential chats for model-closing
    Then every request of the batch was answered
    And every request of the batch took one attempt

  @CLU-037 @GATE-011 @P1
  Scenario: A worker that closes an idle connection causes no failed request
    When clients send a batch of 12 sequential chats for model-closing
    Then every request of the batch was answered
    And every request of the batch took one attempt
