"""Rules for who may read and write stored data: airlocks, providers' containers, malware scanning."""
