"""From records to views: what each page says, worked out once, in words."""
