"""The engines that `bench load` compares: hivecheck's own and the field's, each behind one interface."""
