"""Tests of the price book and of idle prices."""
