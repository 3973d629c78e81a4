ALTER TABLE dag ADD COLUMN timetable_answers TEXT;
