@integration @chaos @topology.default
Feature: Workers recover from kills and pauses under load

  @INT-003 @P2 @requires.kill @fresh_stack
  Scenario: A worker killed in mid-stream restarts, and no response is corrupted
    Given steady load of 20 requests per second on model-shared
    And a client is streaming from model-a, with a long response
    When a client sends a chat for model-a
    And a SIGKILL is injected into the worker serving the request
    And the client's response is complete
    And a SIGKILL is removed from that worker
    And that worker is routable within the restart time
    And clients send 5 chats for model-a
    Then every stream broke off visibly with error event upstream_disconnected
    And every answer is a full chat completion of the requested model
    And every load request was answered

  @GATE-006 @P1 @requires.pause
  Scenario: A worker paused for a while leaves routing and returns by itself
    Given steady load of 20 requests per second on model-a
    When a process pause is injected into worker-a for 4 seconds
    Then worker-a is not routable within the pause detection time
    And a process pause is over on worker-a
    And worker-a is routable within the worker return time
    And the load on model-a is back to normal within the recovery time of the removal
