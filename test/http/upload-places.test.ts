import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { expect, test } from '@jest/globals';
import { LIMITS } from '../../src/http/limits.js';
import { createPlaces } from '../../src/http/multipart/places.js';

const newResponse = () => new ServerResponse(new IncomingMessage(new Socket()));

test('a place for a form is given back as its answer closes, and none is given to who has left already', () => {
  const takePlace = createPlaces();
  const gone = newResponse();
  gone.destroy();
  for (let count = 0; count < LIMITS.uploadsAtOnce; count += 1) expect(() => takePlace(gone)).toThrow('its sender has left');
  const here = Array.from({ length: LIMITS.uploadsAtOnce }, newResponse);
  for (const response of here) takePlace(response);
  expect(() => takePlace(newResponse())).toThrow('Too many files come at once.');
  here[0]?.emit('close');
  expect(() => takePlace(newResponse())).not.toThrow();
});
