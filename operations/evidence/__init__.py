"""The evidence pack of an assessment: claims on the controls of standards, with all that each of them rests on."""
